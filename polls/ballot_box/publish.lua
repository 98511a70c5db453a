-- Take a revision of an election, or say why not. It changes the definition and the rules of all shards in one step.
--
-- KEYS  definitions (hash: slug -> JSON), then the rules (hash) of each shard
-- ARGV  mode, epoch, slug, revision, design, opens (ms), closes (ms or ''), final (1/0), sealed (1/0),
--       cancelled (1/0), time of the last mended text (ms or 0), JSON, eligibility, organisers see who has voted (1/0),
--       'part' or nothing
-- Reply {outcome, JSON of the definition that the box keeps instead or '', its revision}
--
-- The mode is 'offer', 'restore' (take it, even if the election has begun: for a box that has lost data), or 'try':
-- say what an offer would bring, and change nothing. A try gets no definition, because that holds the voter secret.
--
-- 'part' is for one shard of a Redis Cluster, where no script can decide for all of them (agreeing.py). The only key is
-- its rules, and in the place of the JSON the reply has the address that the box keeps. Two more modes: 'hold' says what
-- an offer would bring, and if that is an edit, lets the shard accept nothing until it gets another call; 'release' ends
-- that, and changes nothing else. An epoch that is out of the way is what holds a shard: `cast.lua` accepts nothing
-- without one.
--
-- Once the election has opened, by Redis's clock, what voters may have seen is fixed: another design, opening time,
-- address or rule on changing votes is refused, another one on whether organisers see who has voted, and a cancellation. Once the box is closed, another closing time
-- is refused. A lower revision is older, and is refused. A seal and the box's epoch always stay.
--
-- A mended text is another design alone, and comes with a later time of mending. It is taken as long as the box has
-- accepted no ballot; after that the outcome is 'voted'.

local mode, epoch, slug, revision = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local design, opens, closes, final, sealed = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local cancelled, mended, text, eligibility = ARGV[10], ARGV[11], ARGV[12], ARGV[13]
local shows_who, is_part = ARGV[14], ARGV[15] == 'part'
local first_shard = is_part and 1 or 2

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- All shards have the same rules except for their serials; some shards may have been lost.
local known
local voted = false
local revisions = {}
for shard = first_shard, #KEYS do
  local rules = redis.call('HMGET', KEYS[shard], 'revision', 'design', 'opens', 'closes', 'final', 'sealed', 'slug',
    'published_closes', 'cancelled', 'mended', 'serial', 'voted', 'shows_who')
  voted = voted or (tonumber(rules[11]) or 0) > 0 or rules[12] == '1'
  revisions[shard] = tonumber(rules[1]) or -1
  if rules[1] and not (known and known.sealed) then
    known = {
      revision = tonumber(rules[1]), design = rules[2], opens = rules[3], closes = rules[4], final = rules[5],
      sealed = rules[6] == '1', slug = rules[7] or slug, published_closes = rules[8] or closes,
      cancelled = rules[9] or '0', mended = rules[10] or '0', shows_who = rules[13] or shows_who,
    }
  end
end

local function answer(outcome)
  if mode == 'try' then return {outcome, '', known.revision} end
  if is_part then return {outcome, known.slug, known.revision} end
  return {outcome, redis.call('HGET', KEYS[1], known.slug) or '', known.revision}
end

local function release()
  local held = redis.call('HGET', KEYS[1], 'held_epoch')
  if held then
    redis.call('HSET', KEYS[1], 'epoch', held)
    redis.call('HDEL', KEYS[1], 'held_epoch')
  end
end

if mode == 'release' then
  release()
  return {'taken', '', revision}
end
local is_edit = false
if known and mode ~= 'restore' then
  local begun = now >= tonumber(known.opens)
  local closed = known.sealed or (known.closes ~= '' and now >= tonumber(known.closes))
  local other_rules = opens ~= known.opens or final ~= known.final or slug ~= known.slug
    or cancelled ~= known.cancelled or shows_who ~= known.shows_who
  local other = other_rules or design ~= known.design
  if known.revision > revision or (known.revision == revision and other) then return answer('newer') end
  if begun and other then
    local is_mending = not other_rules and not closed and tonumber(mended) > tonumber(known.mended)
    if not is_mending then return answer('begun') end
    if voted then return answer('voted') end
  end
  -- A seal comes with the time at which the box was closed, and is no edit.
  if closed and closes ~= known.published_closes and sealed ~= '1' then return answer('closed') end
  is_edit = other or closes ~= known.published_closes
end
if mode == 'hold' then
  local epoch_now = is_edit and redis.call('HGET', KEYS[1], 'epoch')
  if epoch_now then
    redis.call('HSET', KEYS[1], 'held_epoch', epoch_now)
    redis.call('HDEL', KEYS[1], 'epoch')
  end
  return {'taken', known and known.slug or '', revision}
end
if mode == 'try' then return {'taken', '', revision} end

local published_closes = closes
if known and known.sealed then
  closes, sealed = known.closes, '1'
end
for shard = first_shard, #KEYS do
  if revisions[shard] < revision then
    redis.call('HSET', KEYS[shard], 'revision', revision, 'design', design, 'opens', opens, 'closes', closes,
      'published_closes', published_closes, 'final', final, 'sealed', sealed, 'slug', slug,
      'cancelled', cancelled, 'mended', mended, 'eligibility', eligibility, 'shows_who', shows_who)
    if not is_part or redis.call('HEXISTS', KEYS[shard], 'held_epoch') == 0 then
      redis.call('HSETNX', KEYS[shard], 'epoch', epoch)
    end
    redis.call('HSETNX', KEYS[shard], 'serial', 0)
  end
end
if is_part then
  release()
  return {'taken', '', revision}
end
local defined = redis.call('HGET', KEYS[1], slug)
if not defined or cjson.decode(defined).revision < revision then
  redis.call('HSET', KEYS[1], slug, text)
end
if known and known.slug ~= slug then redis.call('HDEL', KEYS[1], known.slug) end
return {'taken', '', revision}
