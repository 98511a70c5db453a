-- Close the box of one shard, for good.
--
-- KEYS  rules (hash), ballots (stream)
-- ARGV  'now' to close at this moment, 'due' to close only if the window has run out
-- Reply {sealed (1/0), closing time (ms), ballots that still wait, last serial}; sealed is -1 without an epoch

local rules = redis.call('HMGET', KEYS[1], 'epoch', 'closes', 'sealed', 'serial')
local closes, serial = tonumber(rules[2]), tonumber(rules[4]) or 0
if not rules[1] then return {-1, 0, 0, 0} end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local sealed = rules[3] == '1'
if not sealed and (ARGV[1] == 'now' or (closes and closes <= now)) then
  closes = math.min(closes or now, now)
  redis.call('HSET', KEYS[1], 'sealed', '1', 'closes', closes)
  sealed = true
end
return {sealed and 1 or 0, closes or 0, redis.call('XLEN', KEYS[2]), serial}
