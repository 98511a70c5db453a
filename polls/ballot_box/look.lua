-- Return the state of one shard's box at one moment, however many ballots it holds.
--
-- KEYS  rules (hash), ballots (stream)
-- Reply {epoch, last serial, ballots that wait, the first one's epoch, serial and time (ms), the last one's epoch
--        and serial, now (ms)}, all as text; '' where there is none

local rules = redis.call('HMGET', KEYS[1], 'epoch', 'serial')
local time = redis.call('TIME')

local function fields(entries)
  local found = {}
  local flat = entries[1] and entries[1][2] or {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i + 1] end
  return found
end

local first = fields(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1))
local last = fields(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1))
return {
  rules[1] or '', rules[2] or '0', tostring(redis.call('XLEN', KEYS[2])),
  first['epoch'] or '', first['serial'] or '', first['at'] or '', last['epoch'] or '', last['serial'] or '',
  string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)),
}
