"""The Lab: experiments behind the claims about GANs, on the page."""

from fastapi import APIRouter


def router() -> APIRouter:
    """Return the routes of the Lab."""
    return APIRouter(prefix="/api/lab")
