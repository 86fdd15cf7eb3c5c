"""No route takes a query parameter that the OpenAPI document does not declare, nor one twice.

It would go unnoticed: `?userid=…` for `?user_id=…` would ask for everybody's things.
"""

from fastapi import Request

from api.http.problems import InvalidRequestError, shown_name


async def only_declared_parameters(request: Request) -> None:
    """Raise `InvalidRequestError`, naming the parameter, unless each is declared and comes once."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name in seen:
            raise InvalidRequestError(f"{shown_name(name, 'query')}: is given more than once")
        if name not in (declared := _declared_by_route_of(request)):
            known = f" has {', '.join(sorted(declared))} only" if declared else " has none"
            raise InvalidRequestError(f"{shown_name(name, 'query')}: is no parameter here; this route{known}")
        seen.add(name)


def _declared_by_route_of(request: Request) -> set[str]:
    paths = request.app.openapi()["paths"]
    operation = paths.get(request.scope["route"].path_format, {}).get(request.method.lower(), {})
    return {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
