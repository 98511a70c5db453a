-- For wrk: send the requests of a file one after the other, and count the answers by their status.
-- Arguments: the file (each request preceded by a line with its length), milliseconds between two requests of a connection.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local file = assert(io.open(arguments[1], 'rb'))
  prepared, sent, statuses, pause = {}, 0, {}, tonumber(arguments[2] or 0)
  while true do
    local length = file:read('*l')
    if not length then break end
    prepared[#prepared + 1] = file:read(tonumber(length))
  end
  file:close()
end

function delay()
  return pause
end

function request()
  sent = sent + 1
  return prepared[(sent - 1) % #prepared + 1]
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary, latency)
  local counts, sent = {}, 0
  for _, thread in ipairs(threads) do
    sent = sent + thread:get('sent')
    for status, number in pairs(thread:get('statuses')) do
      counts[status] = (counts[status] or 0) + number
    end
  end
  local parts = {}
  for status, number in pairs(counts) do
    parts[#parts + 1] = string.format('"%d": %d', status, number)
  end
  local errors = summary.errors
  print(string.format('urna {"seconds": %f, "sent": %d, "p50": %f, "p99": %f, "broken": %d, "statuses": {%s}}',
    summary.duration / 1e6, sent, latency:percentile(50) / 1e6, latency:percentile(99) / 1e6,
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(parts, ', ')))
end
