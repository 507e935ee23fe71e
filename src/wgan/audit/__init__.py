"""How far apart are two samples, or what they were drawn from, by critics trained on them frozen?
Estimates and certificates.
"""

from wgan.audit.auditor import Auditor, train_auditor
from wgan.audit.bracket import bracket
from wgan.audit.certificate import Certificate, certify
from wgan.audit.dual import Dual, dual, slope_corrected
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
