"""Records of a run: each comes back from JSON as it went, older forms too."""

import json
from dataclasses import replace

import pytest
from fake_runs import BEGUN, evaluation

from wgan.evaluation import HeldOutDistance
from wgan.evaluation.metrics.labels import LabelAgreement
from wgan.evaluation.metrics.modes import ModeCoverage
from wgan.runs import About, DataFacts, Evaluated, Finish, Headroom, Watched

FACTS = DataFacts("digits", "images", (1, 8, 8), 300, 240, 60, "f00d")
DISTANCE = HeldOutDistance(1.5, 0.01, 1.4, 60, 5, 4, "pixels in [0,1]")
MODES = ModeCoverage(3, 4, 0.75, 200, 0.1, (0.5, 0.25, 0.25, 0.0))
ABOUT = ("r", "wgan-gp", "digits", 30, 0, 0, 1.0)


def there_and_back(record):
    return type(record).from_json(json.loads(json.dumps(record.to_json())))


@pytest.mark.parametrize(
    "record",
    [
        About(FACTS, 3, (BEGUN, BEGUN)),
        About(replace(FACTS, labels="beef"), 3, (BEGUN,)),
        Finish(DISTANCE, None, (), 30, 0, 2.0),
        Finish(
            replace(DISTANCE, coverage=MODES, real_coverage=MODES),
            Headroom(1.0, 1.5, 0.1, 50),
            ("one", "two"),
            30,
            7,
            2.5,
            Watched(60, 1.42),
        ),
        Finish(replace(DISTANCE, labels=LabelAgreement(0.9, 0.97, 60)), None, (), 1, 0, 0.1),
        Evaluated(evaluation(frechet=2.0), ("said",), {"number": 200}, *ABOUT, BEGUN),
    ],
)
def test_records_come_back_as_they_went(record):
    assert there_and_back(record) == record


@pytest.mark.parametrize(
    ("shape", "is_table", "kind"),
    [((2,), False, "vectors"), ((7,), True, "tables"), ((1, 8, 8), False, "images")],
)
def test_the_kind_that_an_older_version_did_not_write_is_told_by_shape_and_schema(
    shape, is_table, kind
):
    values = About(replace(FACTS, shape=shape), 3, (BEGUN,)).to_json()
    del values["data"]["kind"]
    values["sittings"] = values.pop("periods")
    assert About.from_json(values, is_table) == About(
        replace(FACTS, shape=shape, kind=kind), 3, (BEGUN,)
    )


def test_what_an_older_version_called_asked_is_read_as_requested():
    record = Evaluated(evaluation(), (), {"number": 200}, *ABOUT)
    values = record.to_json()
    values["asked"] = values.pop("requested")
    assert Evaluated.from_json(values) == record


def test_a_finish_in_words_is_its_distance_and_its_diagnosis():
    finish = Finish(DISTANCE, None, ("converged", "go on"), 30, 0, 2.0)
    assert str(finish).splitlines() == [str(DISTANCE), "converged", "go on"]


@pytest.mark.parametrize(
    ("after", "half_width", "state"),
    [
        (1.5, 0.1, "under-trained"),
        (1.05, 0.01, "steady"),
        (1.05, 0.2, "unclear"),
        (1.5, 0.6, "unclear"),
        (0.2, 0.01, "unclear"),
        (float("nan"), 0.01, "unclear"),
    ],
)
def test_headroom_is_told_where_it_exceeds_a_tenth_and_its_noise(after, half_width, state):
    assert Headroom(1.0, after, half_width, 50).state == state
