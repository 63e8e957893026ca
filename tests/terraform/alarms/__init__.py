"""Alerts are tried without a cloud: a cause's metric data are played through the planned conditions."""
