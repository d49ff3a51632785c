-- One request, from the environment, sent over and over; at the end a line of JSON with what wrk counted.
local file = assert(io.open(os.getenv("WRK_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
for name, value in string.gmatch(os.getenv("WRK_HEADERS"), "([^\n]+): ([^\n]+)") do
    wrk.headers[name] = value
end

done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('\n{"requests": %d, "us": %d, "p50": %f, "p99": %f, "errors": %d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
