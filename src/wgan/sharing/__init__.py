"""Sharing of models on the Hugging Face Hub: the card, and what is uploaded with it."""

from wgan.sharing.card import History, Said, card, read_history
from wgan.sharing.pushing import check_said, push, write_shared

__all__ = ["History", "Said", "card", "check_said", "push", "read_history", "write_shared"]
