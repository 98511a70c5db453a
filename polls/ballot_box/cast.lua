-- Accept one ballot, or say why not. One script decides, so that nothing can happen in between.
--
-- KEYS  rules (hash), ballots (stream), voters (hash), wake (string), newcomers (string), roll (hash); all under one
--       hash tag
-- ARGV  voter key, ballot id, marking, hash of the marking, design, wire version,
--       burst and interval (ms) of the voter, burst and interval (ms) of the newcomers from the voter's network,
--       with a roll: issue of the voter's code, groups for which the marking was checked, whether groups matter (1/0)
-- Reply {outcome, serial, wake-up due (1/0), now (ms), the voter's last ballot id or '', time to wait (ms)}
--
-- A voter's mark is "ballot-id marking-hash state next-arrival"; the last is the limiter's (GCRA) time in ms. The
-- newcomers' key holds such a time as well, and expires at that time.

local rules_key, ballots_key, voters_key, wake_key, newcomers_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local voter, ballot, marking, marking_hash, design = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local voter_burst, voter_interval = tonumber(ARGV[7]), tonumber(ARGV[8])
local newcomer_burst, newcomer_interval = tonumber(ARGV[9]), tonumber(ARGV[10])
local roll_key, issue, groups, groups_matter = KEYS[6], ARGV[11], ARGV[12], ARGV[13]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local rules = redis.call('HMGET', rules_key, 'epoch', 'opens', 'closes', 'sealed', 'design', 'final', 'cancelled',
  'eligibility', 'roll_revision')
local epoch, opens, closes, sealed = rules[1], tonumber(rules[2]), tonumber(rules[3]), rules[4]

local last, last_hash, next_arrival = '', '', 0
local mark = redis.call('HGET', voters_key, voter)
if mark then
  local arrival
  last, last_hash, arrival = string.match(mark, '^(%S+) (%S+) %S+ (%S+)$')
  next_arrival = tonumber(arrival)
end

local function refuse(outcome, wait)
  return {outcome, 0, 0, now, last, wait or 0}
end

-- A limiter's time, kept between now and a full burst ahead: once the clock is set back it would be further ahead.
local function bound(arrival, burst, interval)
  return math.min(math.max(arrival, now), now + burst * interval)
end

if not epoch then return refuse('no-epoch') end

-- First of all: a ballot that was accepted stays accepted, however late it is sent again.
if ballot == last and marking_hash == last_hash then
  return {'repeated', 0, 0, now, last, 0}
end

if sealed == '1' or rules[7] == '1' or (closes and now >= closes) then return refuse('closed') end
if now < opens then return refuse('not-open-yet') end
local has_roll = rules[8] == 'roll'
-- The box has the design of a roll's paper with a prefix, which scripts that know no roll do not write.
if rules[5] ~= (has_roll and 'roll:' .. design or design) then return refuse('other-design') end
local weight = '1'
if has_roll then
  -- Without a revision the roll is being written: that an entry is missing says nothing.
  if not rules[9] then return refuse('no-roll') end
  local entry = redis.call('HGET', roll_key, voter)
  local known_issue, known_weight, known_groups = string.match(entry or '', '^(%d+) (%d+) (.*)$')
  if not entry or known_issue ~= issue then return refuse('not-eligible') end
  if groups_matter == '1' and known_groups ~= groups then return refuse('other-groups') end
  weight = known_weight
end
if rules[6] == '1' and mark then return refuse('already-voted') end
-- Ballot ids are UUIDv7: of two, the higher was issued later.
if ballot == last then return refuse('already-used') end
if ballot < last then return refuse('outdated') end

next_arrival = bound(next_arrival, voter_burst, voter_interval)
local wait = next_arrival - now - (voter_burst - 1) * voter_interval
if wait > 0 then return refuse('too-many', wait) end

-- Those on a roll are known.
if not mark and not has_roll then
  local arrival = bound(tonumber(redis.call('GET', newcomers_key) or 0), newcomer_burst, newcomer_interval)
  wait = arrival - now - (newcomer_burst - 1) * newcomer_interval
  if wait > 0 then return refuse('too-many-newcomers', wait) end
  arrival = arrival + newcomer_interval
  redis.call('SET', newcomers_key, string.format('%.0f', arrival), 'PX', arrival - now)
end

local serial = redis.call('HINCRBY', rules_key, 'serial', 1)
redis.call('XADD', ballots_key, '*', 'v', ARGV[6], 'epoch', epoch, 'serial', serial, 'at', now,
  'voter', voter, 'ballot', ballot, 'design', design, 'marking', marking, 'weight', weight)
redis.call('HSET', voters_key, voter,
  string.format('%s %s accepted %.0f', ballot, marking_hash, next_arrival + voter_interval))

-- Every drain removes this key before it reads the ballots, so that at most one wake-up waits.
local wake = redis.call('SET', wake_key, '1', 'NX') and 1 or 0
return {'accepted', serial, wake, now, ballot, 0}
