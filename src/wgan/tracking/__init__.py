"""Tracking: runs shown in TensorBoard, MLflow or Weights & Biases, from their folders."""

from wgan.tracking.sending import Sent, send
from wgan.tracking.services import SERVICES, Tracker, open_tracker

__all__ = ["SERVICES", "Sent", "Tracker", "open_tracker", "send"]
