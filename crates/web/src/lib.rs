//! What operators see: the page, the JSON API, the metrics.
