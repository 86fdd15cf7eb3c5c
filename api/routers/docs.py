"""The OpenAPI document and Swagger UI, whose files we serve ourselves: a CDN may be unreachable."""

from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from api.dependencies import ServicesDep

router = APIRouter(include_in_schema=False)

_OPENAPI_PATH = "/openapi.json"
_ASSETS_PATH = "/docs/assets"
_ASSETS = StaticFiles(directory=str(files("fastapi_offline") / "static"))


# Our own routes: FastAPI's and a mounted folder would accept any unknown parameter.
@router.get(_OPENAPI_PATH)
async def read_openapi(request: Request) -> JSONResponse:
    """Return the document."""
    return JSONResponse(request.app.openapi())


@router.get(f"{_ASSETS_PATH}/{{name}}")
async def read_asset(name: str, request: Request) -> Response:
    """Return one of Swagger UI's files."""
    return await _ASSETS.get_response(name, request.scope)


@router.get("/docs")
async def read_docs(request: Request, services: ServicesDep) -> HTMLResponse:
    """Return the page."""
    base = services.settings.public_path
    return get_swagger_ui_html(
        openapi_url=f"{base}{_OPENAPI_PATH}",
        title=request.app.title,
        swagger_js_url=f"{base}{_ASSETS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{base}{_ASSETS_PATH}/swagger-ui.css",
        swagger_favicon_url=f"{base}{_ASSETS_PATH}/favicon.png",
        # Otherwise Swagger UI asks swagger.io whether the document is valid.
        swagger_ui_parameters={"validatorUrl": None},
    )
