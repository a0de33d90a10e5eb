"""What operators are woken by: rules over the metrics, written once, rendered for Prometheus, Grafana, Alertmanager.

The rules are values and name every metric by its entry in the catalogue. Nothing here is needed by a running daemon.
"""
