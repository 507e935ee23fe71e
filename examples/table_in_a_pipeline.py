"""A table: rows under conditions, and a classifier that learns from generated rows alone."""

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from wgan import WGAN

wine = load_wine(as_frame=True).frame
wine["target"] = wine["target"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
train, test = wine.iloc[::2], wine.iloc[1::2]

model = WGAN(steps=200, random_state=0).fit(train)
generated = model.sample(len(train))
strong = model.sample(5, where={"target": "barolo", "alcohol": (14, None)})
print(strong[["target", "alcohol", "proline"]])

numbers = make_column_selector(dtype_include="number")
for name, rows in (("generated rows", generated), ("real rows", train)):
    forest = make_pipeline(
        make_column_transformer(("passthrough", numbers)), RandomForestClassifier(random_state=0)
    )
    forest.fit(rows.drop(columns="target"), rows["target"])
    accuracy = forest.score(test.drop(columns="target"), test["target"])
    print(f"learned from {name}: {accuracy:.0%} of {len(test)} other wines named rightly")
