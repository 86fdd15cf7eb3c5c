"""What a browser may do on the practice page: run the page's own code and ask its own origin."""

from collections.abc import Mapping


def security_headers(bucket_url: str | None) -> Mapping[str, str]:
    """Return the page's headers. Sounds may also come from `bucket_url`, which ends with a slash."""
    sounds = "'self'" if bucket_url is None else f"'self' {bucket_url}"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": sounds,
        "media-src": sounds,
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        # No code of ours makes markup from text, and none may begin to.
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
