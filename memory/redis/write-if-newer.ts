/**
 * Stores texts that begin with their version, each unless what is there has the same or a higher one; all of them at once.
 * Shape: KEYS are the places; ARGV holds for each its text and its lifetime in milliseconds.
 * A number of 16 digits is the longest version that JavaScript counts exactly, so the first 16 bytes hold every version.
 */
export const WRITE_IF_NEWER = `
local function versionOf(text) return tonumber(string.match(text, '^%d+') or 0) end
for index, key in ipairs(KEYS) do
  local text, lifetimeMs = ARGV[2 * index - 1], ARGV[2 * index]
  if versionOf(redis.call('GETRANGE', key, 0, 15)) < versionOf(string.sub(text, 1, 16)) then
    redis.call('SET', key, text, 'PX', lifetimeMs)
  end
end`;
