-- Store the rules of one shard, unless those of the same or a higher revision are there already.
--
-- KEYS  rules (hash)
-- ARGV  revision, epoch, design, opens (ms), closes (ms or ''), final (1/0), sealed (1/0)
-- Reply 1 if stored, 0 if not
--
-- A seal stays, whatever a later revision says; so does the epoch that this box already lives in.

local revision, epoch = tonumber(ARGV[1]), ARGV[2]
local known = redis.call('HMGET', KEYS[1], 'revision', 'sealed', 'closes')
if known[1] and tonumber(known[1]) >= revision then return 0 end

local closes, sealed = ARGV[5], ARGV[7]
if known[2] == '1' then
  closes, sealed = known[3], '1'
end
redis.call('HSET', KEYS[1], 'revision', revision, 'design', ARGV[3], 'opens', ARGV[4],
  'closes', closes, 'final', ARGV[6], 'sealed', sealed)
redis.call('HSETNX', KEYS[1], 'epoch', epoch)
redis.call('HSETNX', KEYS[1], 'serial', 0)
return 1
