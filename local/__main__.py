"""`python -m local`: the whole product on this machine, until Ctrl-C."""

import signal
import sys

if __name__ == "__main__":
    # Ctrl-C while the rest is imported ends us without a word; from then on the launcher listens.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local.command import main

    sys.exit(main())
