"""From a name to a source: data sets, baselines, controls."""
