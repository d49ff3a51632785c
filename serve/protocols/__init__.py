"""How spectra come in and predictions go out: one file per way of saying it."""
