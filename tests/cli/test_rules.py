"""Rules on the command line: proposed by `wgan data`, switched on in a schema, kept by samples."""

import json

import numpy as np
import pandas as pd
from short_runs import wgan

from wgan.runs import RunFolder

SMALL = "--steps 4 --quiet --set network.width=8 --set optimizer.batch=20"


def table(n=400):
    random = np.random.default_rng(0)
    start = random.integers(0, 100, n)
    return pd.DataFrame({"start": start, "end": start + random.integers(0, 60, n)})


def test_proposed_rules_are_comments_and_kept_once_they_are_switched_on(tmp_path, capsys):
    table().to_csv("t.csv", index=False)
    assert wgan("data t.csv -o s.toml") == 0
    out = capsys.readouterr().out
    assert "proposed rule: start <= end: holds in all 400 rows, and in 7" in out
    assert "proposed rules are comments there: remove the # of those that you want" in out
    text = (tmp_path / "s.toml").read_text()
    assert '# [[rules]]\n# order = ["start", "end"]\n' in text
    switched_on = text.replace("# [[", "[[").replace("# order", "order")
    (tmp_path / "s.toml").write_text(switched_on)
    assert wgan("data t.csv --schema s.toml") == 0
    out = capsys.readouterr().out
    assert "rule: start <= end\n" in out
    assert "proposed" not in out
    assert wgan(f"train t.csv --schema s.toml --out run {SMALL}") == 0
    assert '[[rules]]\norder = ["start", "end"]\n' in (tmp_path / "run" / "schema.toml").read_text()
    capsys.readouterr()
    assert wgan("sample run -n 300 -o new.csv") == 0
    assert "% of the rows broke a rule and were drawn again" in capsys.readouterr().out
    new = pd.read_csv("new.csv")
    assert len(new) == 300
    assert (new["start"] <= new["end"]).all()
    assert wgan("sample run -n 30 -o some.csv --where start>=50") == 0
    assert "% of the rows broke a rule" in capsys.readouterr().out
    assert (pd.read_csv("some.csv")["end"] >= 50).all()


def test_an_evaluation_says_how_many_rows_were_drawn_again(tmp_path, capsys):
    table().to_csv("t.csv", index=False)
    (tmp_path / "s.toml").write_text('[[rules]]\norder = ["start", "end"]\n')
    assert wgan(f"train t.csv --schema s.toml --out run {SMALL}") == 0
    assert wgan("evaluate run --quiet") == 0
    said = capsys.readouterr().out
    evaluated = json.loads((tmp_path / "run" / "evaluation.json").read_text())["evaluation"]
    share = evaluated["details"]["redrawn"]
    # shares of 960 and of 5,000 rows differ by at most 4 sd of sqrt(1 / (4 * 806)) = 0.018
    assert abs(share - broken_share(tmp_path / "run")) < 0.07
    assert f"\n{share:.1%} of the rows broke a rule and were drawn again\n" in said

    assert wgan(f"train t.csv --out free {SMALL}") == 0
    assert wgan("evaluate free --quiet") == 0
    assert "broke a rule" not in capsys.readouterr().out
    free = json.loads((tmp_path / "free" / "evaluation.json").read_text())["evaluation"]
    assert "redrawn" not in free["details"]


def broken_share(run):
    """Return the share of rows that break the rule as they are learned."""
    model = RunFolder(run).model()
    rows = model.codec.frame(model.draw(5000, seed=7, rules=False).raw)
    return (rows["start"] > rows["end"]).mean()


def test_what_is_measured_while_training_is_not_drawn_again(tmp_path, capsys, monkeypatch):
    """Else a run would end where its generator does not keep the rules yet."""
    monkeypatch.setattr("wgan.models.rejection.MOST_TRIES", 0)
    table().to_csv("t.csv", index=False)
    (tmp_path / "s.toml").write_text('[[rules]]\norder = ["start", "end"]\n')
    assert wgan(f"train t.csv --schema s.toml --out run {SMALL} --stop-when-converged") == 0
    assert wgan("sample run -n 300") == 2
    assert "rule 'start <= end': " in capsys.readouterr().err


def test_a_broken_rule_is_refused_with_its_rows(tmp_path, capsys):
    table().assign(end=lambda f: f["end"].where(f.index != 7, -1)).to_csv("t.csv", index=False)
    (tmp_path / "s.toml").write_text('[[rules]]\norder = ["start", "end"]\n')
    assert wgan("train t.csv --schema s.toml --out run --steps 4") == 2
    err = capsys.readouterr().err
    assert "rule 'start <= end': 1 of 400 row breaks it (row 8)" in err


def test_data_without_rules_say_nothing_of_them(capsys):
    assert wgan("data digits") == 0
    assert "rule" not in capsys.readouterr().out
