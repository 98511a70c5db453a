-- Restore the marks of a shard's voters after it has lost data; a mark of a later ballot stays.
--
-- KEYS  voters (hash), rules (hash)
-- ARGV  for each voter: voter key, mark
-- Reply the number of marks restored

redis.call('HSET', KEYS[2], 'voted', '1')
local restored = 0
for i = 1, #ARGV, 2 do
  local voter, mark = ARGV[i], ARGV[i + 1]
  local known = redis.call('HGET', KEYS[1], voter)
  -- Ballot ids come first in a mark, and of two the higher was issued later.
  if not known or string.match(known, '^%S+') < string.match(mark, '^%S+') then
    redis.call('HSET', KEYS[1], voter, mark)
    restored = restored + 1
  end
end
return restored
