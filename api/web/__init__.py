"""The practice page: the files that a browser loads, and the policy under which it runs them."""
