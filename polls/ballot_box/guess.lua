-- Note a wrong code, and say how long the next wrong ones have to wait.
--
-- KEYS  limiters (string each): of all visitors together, and, where it is known, of the visitor's network
-- ARGV  for each limiter: burst, interval (ms)
-- Reply time to wait (ms), 0 for a wrong code that is within the limits
--
-- Each key holds a time (GCRA) in ms, as that of the newcomers does, and expires at that time.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
for i = 1, #KEYS do
  local burst, interval = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = tonumber(redis.call('GET', KEYS[i]) or 0)
  arrival = math.min(math.max(arrival, now), now + burst * interval)
  local own = arrival - now - (burst - 1) * interval
  if own > 0 then
    wait = math.max(wait, own)
  else
    arrival = arrival + interval
    redis.call('SET', KEYS[i], string.format('%.0f', arrival), 'PX', arrival - now)
  end
end
return wait
