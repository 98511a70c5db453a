-- Write the roll of one shard: who may vote, and which code finds whom.
--
-- KEYS  rules (hash), roll (hash: voter key -> "issue weight groups"), codes (hash: hash of a code -> "number issue")
-- ARGV  mode, writer, then what the mode needs
--
-- 'begin'   oldest and newest revision from which the writer can go on. Reply the revision that the box has. If it has
--           another one, or not all lines, it is emptied, and the reply is -1: until the end nobody can vote.
-- 'write'   for each line: 'roll' or 'codes', field, and value or '' to take it out. Reply 1, or 0 to a writer after
--           whom another one has begun, with newer data.
-- 'finish'  the revision that the box has now. Reply 1 or 0, as above.

local rules, roll, codes = KEYS[1], KEYS[2], KEYS[3]
local mode, writer = ARGV[1], ARGV[2]

local function size() return redis.call('HLEN', roll) .. ' ' .. redis.call('HLEN', codes) end

if mode == 'begin' then
  redis.call('HSET', rules, 'roll_writer', writer)
  local known = redis.call('HMGET', rules, 'roll_revision', 'roll_size')
  local revision = tonumber(known[1]) or -1
  -- A size that differs is of a writer that has died, or of a hash that somebody has removed.
  if revision >= tonumber(ARGV[3]) and revision <= tonumber(ARGV[4]) and known[2] == size() then return revision end
  redis.call('HDEL', rules, 'roll_revision')
  redis.call('UNLINK', roll, codes)
  return -1
end

if redis.call('HGET', rules, 'roll_writer') ~= writer then return 0 end
if mode == 'finish' then
  redis.call('HSET', rules, 'roll_revision', ARGV[3], 'roll_size', size())
  redis.call('HDEL', rules, 'roll_writer')
  return 1
end
-- One command for all lines of a hash: each command is written to the append-only file on its own.
local added = {roll = {}, codes = {}}
for i = 3, #ARGV, 3 do
  local hash, field, value = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if value == '' then
    redis.call('HDEL', hash == 'codes' and codes or roll, field)
  else
    table.insert(added[hash], field)
    table.insert(added[hash], value)
  end
end
if #added.roll > 0 then redis.call('HSET', roll, unpack(added.roll)) end
if #added.codes > 0 then redis.call('HSET', codes, unpack(added.codes)) end
-- An entry that was added is in the hash before the revision is: the size has to be right meanwhile.
if redis.call('HEXISTS', rules, 'roll_revision') == 1 then redis.call('HSET', rules, 'roll_size', size()) end
return 1
