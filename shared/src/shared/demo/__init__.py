"""The demo: plays every party of a script over HTTP, on a clock that stands still between its moves."""
