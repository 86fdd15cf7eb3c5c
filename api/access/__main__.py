"""`python -m api.access`: make, list, rotate and revoke API keys, and give apps quotas of their own."""

import sys
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.access.commands import CommandError, parse
from api.access.settings import AccessSettings
from shared.database import create_sync_engine
from shared.settings import read_settings


def main(arguments: Sequence[str]) -> None:
    """Do what the arguments ask for; a failure ends the program with a sentence."""
    asked = parse(arguments)
    settings = read_settings(AccessSettings)
    engine = create_sync_engine(settings.database_url, application_name="access", pool_size=1)
    try:
        with Session(engine) as session, session.begin():
            lines = asked.command(session, settings.secrets(), asked)
    except CommandError as error:
        raise SystemExit(str(error)) from None
    except DBAPIError as error:
        raise SystemExit(f"The database refused: {error.orig}") from None
    finally:
        engine.dispose()
    print("\n".join(lines))  # noqa: T201 - this is what was asked for


if __name__ == "__main__":
    main(sys.argv[1:])
