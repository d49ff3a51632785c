"""Serve bundles: who may ask, how it is asked, what is answered. `app` is the server, `cli` the command line."""
