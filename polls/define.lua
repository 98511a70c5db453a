-- Store a definition, unless one of the same or a higher revision is there already.
--
-- KEYS  definitions (hash: slug -> JSON)
-- ARGV  slug, revision, JSON
-- Reply 1 if stored, 0 if not

local known = redis.call('HGET', KEYS[1], ARGV[1])
if known and cjson.decode(known).revision >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
