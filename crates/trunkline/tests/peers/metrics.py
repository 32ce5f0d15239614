# What Prometheus' own parser makes of the metrics.
#
#   metrics.py BASE TOKEN
import sys, urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

request = urllib.request.Request(sys.argv[1] + "/metrics", headers={"Authorization": "Bearer " + sys.argv[2]})
with urllib.request.urlopen(request) as answer:
    text = answer.read().decode()
samples = {}
for family in text_string_to_metric_families(text):
    for sample in family.samples:
        labels = ",".join(sorted(f"{name}={value}" for name, value in sample.labels.items()))
        samples[f"{sample.name}{{{labels}}}"] = sample.value
print(text)
assert samples["trunkline_lines{state=command}"] == 3, samples
assert samples["trunkline_calls_ended_total{cause=caller-hung-up,direction=in,side=exchange}"] == 1, samples
assert samples["trunkline_logins_total{outcome=ok}"] == 1, samples
assert samples["trunkline_password_hashes_total{}"] == 1, samples
assert samples["trunkline_bytes_total{direction=sent}"] > 0, samples
