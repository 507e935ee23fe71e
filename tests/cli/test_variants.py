"""`wgan variants`: the table, with every fact of a variant."""

from short_runs import wgan

from wgan.objectives import VARIANTS


def test_every_variant_is_printed_with_its_paper(capsys):
    assert wgan("variants") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == list(VARIANTS)
    text = " ".join(lines)
    for variant in VARIANTS.values():
        assert variant.paper in text
        assert variant.score.name in text
