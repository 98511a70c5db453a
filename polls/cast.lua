-- Accept one ballot, or say why not. One script decides, so that nothing can happen in between.
--
-- KEYS  rules (hash), ballots (stream), voters (hash), wake (string); all under one hash tag
-- ARGV  voter key, ballot id, marking, hash of the marking, design, burst, interval (ms), wire version
-- Reply {outcome, serial, wake-up due (1/0), now (ms), the voter's last ballot id or ''}
--
-- A voter's mark is "ballot-id marking-hash state next-arrival"; the last is the limiter's (GCRA) time in ms.

local rules_key, ballots_key, voters_key, wake_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local voter, ballot, marking, marking_hash, design = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local burst, interval = tonumber(ARGV[6]), tonumber(ARGV[7])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local rules = redis.call('HMGET', rules_key, 'epoch', 'opens', 'closes', 'sealed', 'design', 'final')
local epoch, opens, closes, sealed = rules[1], tonumber(rules[2]), tonumber(rules[3]), rules[4]

local last, last_hash, next_arrival = '', '', 0
local mark = redis.call('HGET', voters_key, voter)
if mark then
  local arrival
  last, last_hash, arrival = string.match(mark, '^(%S+) (%S+) %S+ (%S+)$')
  next_arrival = tonumber(arrival)
end

local function refuse(outcome)
  return {outcome, 0, 0, now, last}
end

if not epoch then return refuse('no-epoch') end

-- First of all: who was accepted stays accepted, however late the retry comes.
if ballot == last and marking_hash == last_hash then
  return {'repeated', 0, 0, now, last}
end

if sealed == '1' or (closes and now >= closes) then return refuse('closed') end
if now < opens then return refuse('not-open-yet') end
if design ~= rules[5] then return refuse('other-design') end
-- Elections with a voter roll check the voter's entry here, and answer 'not-eligible'.
if rules[6] == '1' and mark then return refuse('already-voted') end
-- Ballot ids are UUIDv7: of two, the higher was issued later.
if ballot == last then return refuse('already-used') end
if ballot < last then return refuse('outdated') end

next_arrival = math.max(next_arrival, now)
if next_arrival - now > (burst - 1) * interval then return refuse('too-many') end

local serial = redis.call('HINCRBY', rules_key, 'serial', 1)
redis.call('XADD', ballots_key, '*', 'v', ARGV[8], 'epoch', epoch, 'serial', serial, 'at', now,
  'voter', voter, 'ballot', ballot, 'marking', marking)
redis.call('HSET', voters_key, voter,
  string.format('%s %s accepted %.0f', ballot, marking_hash, next_arrival + interval))

-- The drain removes this key before it reads, also the one that comes with each tick. So one wake-up waits at most.
local wake = redis.call('SET', wake_key, '1', 'NX') and 1 or 0
return {'accepted', serial, wake, now, ballot}
