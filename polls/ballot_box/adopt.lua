-- Let the box of one shard begin an epoch; a box that is in this epoch already stays as it is.
--
-- KEYS  rules (hash)
-- ARGV  epoch
-- Reply 1 if it began, 0 if not

if redis.call('HGET', KEYS[1], 'epoch') == ARGV[1] then return 0 end
-- That ballots were accepted stays known, though serials begin again.
if (tonumber(redis.call('HGET', KEYS[1], 'serial')) or 0) > 0 then redis.call('HSET', KEYS[1], 'voted', '1') end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'serial', 0)
return 1
