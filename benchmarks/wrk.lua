-- What wrk prints at the end: a row of the table.

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "%.1f|%.3g ms|%.3g ms|%d|%d\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
