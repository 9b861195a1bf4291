"""Calibration: free parameters of a place moved inside their ranges to where a run agrees with all observed series."""
