# What Prometheus' own parser makes of the metrics.
#
#   metrics.py BASE TOKEN
import sys, time, urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

PATIENCE = 60


def scrape():
    request = urllib.request.Request(sys.argv[1] + "/metrics", headers={"Authorization": "Bearer " + sys.argv[2]})
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(sorted(f"{name}={value}" for name, value in sample.labels.items()))
            samples[f"{sample.name}{{{labels}}}"] = sample.value
    return text, samples


end = time.monotonic() + PATIENCE
while True:
    text, samples = scrape()
    # After the call that is counted the modem hangs up, and is made ready again.
    called = "trunkline_modem_calls_total{cause=local-hang-up,direction=out}" in samples
    if called and samples.get("trunkline_modems{state=idle}") == 1 and samples.get("trunkline_lines{state=command}") == 3:
        break
    assert time.monotonic() < end, text
    time.sleep(0.1)
print(text)
assert samples["trunkline_calls_ended_total{cause=caller-hung-up,direction=in,side=exchange}"] >= 1, samples
assert samples["trunkline_logins_total{outcome=ok}"] == 1, samples
assert samples["trunkline_password_hashes_total{}"] == 1, samples
assert samples["trunkline_bytes_total{direction=sent}"] > 0, samples
assert samples["trunkline_modem_calls_total{cause=local-hang-up,direction=out}"] == 1, samples
assert samples["trunkline_modems{state=absent}"] == 1, samples
assert samples["trunkline_modem_failures_total{cause=absent}"] >= 1, samples
