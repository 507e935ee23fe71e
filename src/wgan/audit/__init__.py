"""Distances measured by critics that are trained on fixed samples: estimates and certified bounds.

See `docs/explain/bracket.md`. Distances without a critic are in `wgan.distances`.
"""

from wgan.audit.auditor import Auditor, train_auditor
from wgan.audit.bracket import bracket
from wgan.audit.certificate import Certificate, certify
from wgan.audit.dual import dual
from wgan.audit.reading import Dual, slope_corrected
from wgan.audit.result import Bracket

__all__ = [
    "Auditor",
    "Bracket",
    "Certificate",
    "Dual",
    "bracket",
    "certify",
    "dual",
    "slope_corrected",
    "train_auditor",
]
