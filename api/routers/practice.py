"""The practice page."""

from fastapi import APIRouter, Request, Response

from api.dependencies import PracticePageDep
from api.web.files import INDEX

router = APIRouter(include_in_schema=False)


# Our own routes: a mounted folder would accept any unknown parameter.
@router.get("/practice")
async def read_page(request: Request, page: PracticePageDep) -> Response:
    """Return the page."""
    return page.file(INDEX, request)


@router.get("/practice/config.json")
async def read_config(page: PracticePageDep) -> Response:
    """Return what the page has to be told."""
    return page.config()


@router.get("/practice/{name}")
async def read_file(name: str, request: Request, page: PracticePageDep) -> Response:
    """Return one of the page's files."""
    return page.file(name, request)
