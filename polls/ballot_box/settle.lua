-- Take counted entries out of the box, and write into each voter's mark what became of the ballot.
--
-- KEYS  ballots (stream), voters (hash)
-- ARGV  for each entry: stream id, voter key or '', ballot id, state
-- Reply the number of entries removed
--
-- A mark of a later ballot of the same voter is left alone.

local removed = 0
for i = 1, #ARGV, 4 do
  local entry, voter, ballot, state = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  removed = removed + redis.call('XDEL', KEYS[1], entry)
  local mark = voter ~= '' and redis.call('HGET', KEYS[2], voter)
  if mark then
    local last, hash, arrival = string.match(mark, '^(%S+) (%S+) %S+ (%S+)$')
    if last == ballot then
      redis.call('HSET', KEYS[2], voter, last .. ' ' .. hash .. ' ' .. state .. ' ' .. arrival)
    end
  end
end
return removed
