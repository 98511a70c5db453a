-- Take counted entries out of the box, and write into each voter's mark what became of the ballot.
--
-- KEYS  ballots (stream), voters (hash)
-- ARGV  for each entry: stream id, voter key or '', ballot id, state; at most 1,000 entries
-- Reply the number of entries removed
--
-- A mark of a later ballot of the same voter is left alone. All marks are written by one command, and all entries
-- deleted by one: a command takes longer to call than to do. They are deleted last, so that an error leaves them.

local entries, changes = {}, {}
for i = 1, #ARGV, 4 do
  local voter, ballot = ARGV[i + 1], ARGV[i + 2]
  entries[#entries + 1] = ARGV[i]
  local mark = voter ~= '' and redis.call('HGET', KEYS[2], voter)
  local last, hash, arrival = string.match(mark or '', '^(%S+) (%S+) %S+ (%S+)$')
  if last == ballot then
    changes[#changes + 1] = voter
    changes[#changes + 1] = ballot .. ' ' .. hash .. ' ' .. ARGV[i + 3] .. ' ' .. arrival
  end
end
if #changes > 0 then redis.call('HSET', KEYS[2], unpack(changes)) end
return #entries > 0 and redis.call('XDEL', KEYS[1], unpack(entries)) or 0
