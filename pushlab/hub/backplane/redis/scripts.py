"""What Redis itself does to the log of a channel: each script is one atomic step.

A channel is a hash (``epoch``, ``head``, ``bytes`` ever published, ``life``) and a stream, whose
entry of message 17 is ``17-0`` with its time ``t`` in microseconds, its text ``d`` and the bytes
published before it, ``b``. The hash outlives the stream: a stream that is lost or empty is a gap, a
hash that is lost a new epoch, and so is another *life*: see `SETTLE`.

The scripts say only in their answers what they have done, and write all or nothing: Redis looks for
memory before the first write of a script, and writes its effects to replicas and files as one.
"""

from pushlab.hub.backplane.redis.link import Script

__all__ = ["FETCH", "PUBLISH", "REUSED", "SETTLE"]

#: What `PUBLISH` answers to a key that has come with other messages.
REUSED = b"reused"

_BEGIN = """
local life = redis.call('HGET', KEYS[1], 'life') or '0'
local time = redis.call('TIME')
local now_us = time[1] .. string.format('%06d', time[2])

-- The channel's epoch, head and bytes; a new epoch where its log is new, or no longer what it was.
local function channel(meta, stream, seed)
  local known = redis.call('HMGET', meta, 'epoch', 'head', 'bytes', 'life')
  local head, bytes = tonumber(known[2] or 0), tonumber(known[3] or 0)
  if known[1] and known[4] == life then
    return known[1], head, bytes
  end
  local epoch = string.sub(redis.sha1hex(seed .. meta), 1, 8)
  if not known[1] then
    redis.call('DEL', stream)
  end
  redis.call('HSET', meta, 'epoch', epoch, 'head', head, 'bytes', bytes, 'life', life)
  return epoch, head, bytes
end
"""

#: Publish messages of one or many channels, all or none.
#:
#: KEYS: of the service, of the idempotency key, and for each channel its hash and its stream.
#: ARGV: a seed for epochs; the fingerprint of the messages, or nothing; for how many ms the key
#: counts; what a channel retains: messages, bytes, ms; for how many ms its hash stays; the topics
#: of the channels; for each message the number of its channel, and its text.
#: Answer: the time in microseconds, how often anything was published here, and the epoch and seq of
#: each message, in one line.
PUBLISH = Script(
    _BEGIN
    + """
if ARGV[2] ~= '' then
  local known = redis.call('HMGET', KEYS[2], 'of', 'answer')
  if known[1] then
    return known[1] == ARGV[2] and known[2] or 'reused'
  end
end
local seed, retain_ms, meta_ms = ARGV[1], ARGV[6], ARGV[7]
local most, most_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local oldest_us = tonumber(now_us) - retain_ms * 1000
local count = (#KEYS - 2) / 2
local first = 7 + count
local writes = redis.call('HINCRBY', KEYS[1], 'writes', (#ARGV - first) / 2)
local answer = {now_us, string.format('%d', writes)}
local logs = {}
for at = first + 1, #ARGV, 2 do
  local number, text = tonumber(ARGV[at]), ARGV[at + 1]
  local stream = KEYS[2 + 2 * number]
  local log = logs[number]
  if not log then
    local epoch, head, bytes = channel(KEYS[1 + 2 * number], stream, seed)
    log = {epoch = epoch, head = head, bytes = bytes}
    logs[number] = log
  end
  log.head = log.head + 1
  local seq = string.format('%.0f', log.head)
  redis.call('XADD', stream, seq .. '-0', 't', now_us, 'd', text, 'b', log.bytes)
  log.bytes = log.bytes + #text
  redis.call(
    'PUBLISH', ARGV[7 + number],
    log.epoch .. ' ' .. seq .. ' ' .. now_us .. ' ' .. answer[2] .. ' ' .. text
  )
  answer[#answer + 1] = log.epoch
  answer[#answer + 1] = seq
end
for number, log in pairs(logs) do
  local meta, stream = KEYS[1 + 2 * number], KEYS[2 + 2 * number]
  redis.call('HSET', meta, 'head', log.head, 'bytes', log.bytes)
  redis.call('PEXPIRE', meta, meta_ms)
  redis.call('XTRIM', stream, 'MAXLEN', '~', most) -- whole nodes; `FETCH` gives no more than that
  while true do
    local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
    local fields = oldest and oldest[2]
    if not oldest or (log.bytes - fields[6] <= most_bytes and tonumber(fields[2]) >= oldest_us) then
      break
    end
    redis.call('XDEL', stream, oldest[1])
  end
  redis.call('PEXPIRE', stream, retain_ms)
end
local line = table.concat(answer, ' ')
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[2], 'of', ARGV[2], 'answer', line)
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return line
"""
)

#: What a channel's log has behind a message.
#:
#: KEYS: of the service, the channel's hash and stream.
#: ARGV: a seed for epochs; the `seq` behind which to read; how many at most; for how many ms the
#: hash stays; how many messages a channel retains.
#: Answer: epoch, head, how often anything was published here, and the stream's entries.
FETCH = Script(
    _BEGIN
    + """
local epoch, head = channel(KEYS[2], KEYS[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
local after = string.format('%.0f', math.max(tonumber(ARGV[2]), head - ARGV[5]))
local entries = redis.call('XRANGE', KEYS[3], '(' .. after .. '-0', '+', 'COUNT', ARGV[3])
local writes = redis.call('HGET', KEYS[1], 'writes') or '0'
return {epoch, string.format('%.0f', head), writes, entries}
"""
)

#: Begin a new life of all channels where Redis has come back with less than had been told.
#:
#: Each hub does this before anything else whenever it has connected. The first that meets a Redis
#: which has been started anew notes how often had been published by what it came back with. If any
#: hub has seen more, cursors are out that the logs would answer falsely; in a new life each channel
#: has a new epoch. Where nobody has seen anything, a Redis that writes no journal counts as such.
#:
#: KEYS: of the service.
#: ARGV: Redis's own name of its run now, and when this hub was here last; how often has been
#: published as far as this hub has seen; 1 if Redis keeps a journal of each write.
SETTLE = Script(
    """
local known = redis.call('HMGET', KEYS[1], 'run', 'restored', 'writes')
local restored, writes = tonumber(known[2] or 0), tonumber(known[3] or 0)
local seen = tonumber(ARGV[3])
local lost = false
if known[1] ~= ARGV[1] then
  restored = writes
  redis.call('HSET', KEYS[1], 'run', ARGV[1], 'restored', string.format('%.0f', restored))
  lost = known[1] and seen == 0 and ARGV[4] ~= '1'
end
if lost or (ARGV[2] ~= ARGV[1] and seen > restored) then
  redis.call('HINCRBY', KEYS[1], 'life', 1)
  redis.call(
    'HSET', KEYS[1], 'restored', string.format('%.0f', math.max(seen, restored)),
    'writes', string.format('%.0f', math.max(seen, writes))
  )
end
"""
)
