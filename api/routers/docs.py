"""The documentation as a page; what a browser needs for it comes from here, for a CDN may be out of reach."""

from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from api.dependencies import ServicesDep

router = APIRouter(include_in_schema=False)

ASSETS_PATH = "/docs/assets"


def assets() -> StaticFiles:
    """Return the application that serves Swagger UI's files."""
    return StaticFiles(directory=str(files("fastapi_offline") / "static"))


@router.get("/docs")
async def read_docs(request: Request, services: ServicesDep) -> HTMLResponse:
    """Return the page."""
    base = services.settings.public_path
    return get_swagger_ui_html(
        openapi_url=f"{base}{request.app.openapi_url}",
        title=request.app.title,
        swagger_js_url=f"{base}{ASSETS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{base}{ASSETS_PATH}/swagger-ui.css",
        swagger_favicon_url=f"{base}{ASSETS_PATH}/favicon.png",
        # It would ask swagger.io whether the document is valid, and show the answer.
        swagger_ui_parameters={"validatorUrl": None},
    )
