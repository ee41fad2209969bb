-- sysbench: repeats a transaction with prepared statements. Written for tests/bench/replay.py, which makes the data file:
-- statements, places (the parameters of every statement), lists (values for each day), groups, days, full, turn.
sysbench.cmdline.options = { data = { 'Data file', '' }, hot = { 'Days one after the other', false } }

local BYTES = 4096
local data, con, statements, params, turn

-- 52 random bits as so many hexadecimal digits or, of them, bytes. One draw has no more than 32.
local function digits(n)
  local high, low = sysbench.rand.uniform(0, 67108863), sysbench.rand.uniform(0, 67108863)
  return string.format('%0' .. n .. 'x', high * 67108864 + low)
end
local function bytes(hex) return (hex:gsub('..', function(pair) return string.char(tonumber(pair, 16)) end)) end

local fresh = {
  uuid = function(prefix) return bytes(prefix .. '7777777' .. digits(13)) end,
  uuid_text = function(prefix)
    local hex = prefix .. '7777777' .. digits(13)
    return hex:gsub('^(........)(....)(....)(....)(.*)$', '%1-%2-%3-%4-%5')
  end,
  bytes = function() return bytes(digits(64)) end,
  number = function(prefix) return prefix .. digits(13) end,
  count = function() return digits(13):gsub('%x', function(digit) return tonumber(digit, 16) % 10 end) end,
}

function thread_init()
  data = dofile(sysbench.opt.data)
  con = sysbench.sql.driver():connect()
  con:query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
  statements, params, turn = {}, {}, data.turn
  for i, sql in ipairs(data.statements) do
    statements[i], params[i] = con:prepare(sql), {}
    for p = 1, #data.places[1][i] do
      params[i][p] = statements[i]:bind_create(sysbench.sql.type.VARCHAR, BYTES)
    end
    if #params[i] > 0 then statements[i]:bind_param(unpack(params[i])) end
  end
end

function event()
  local place = data.places[sysbench.rand.uniform(1, #data.places)]
  local day
  if sysbench.opt.hot then
    day = math.floor(turn * sysbench.opt.threads / data.full) % data.days + 1
  else
    day = sysbench.rand.uniform(1, data.days)
  end
  turn = turn + 1
  local made = {}
  for i, statement in ipairs(statements) do
    for p, param in ipairs(place[i]) do
      local value = param
      if type(param) == 'table' then
        if param.kind then
          made[param.group] = made[param.group] or fresh[param.kind](param.prefix)
          value = made[param.group]
        else
          value = data.lists[param.list][day]
        end
      elseif param == false then
        value = nil
      end
      params[i][p]:set(value)
    end
    statement:execute()
  end
end

function thread_done()
  con:disconnect()
end
