-- POST of bookings, each for a start that is still free.
--
-- Settings: stores (path, menu, customers), starts (instants by day), each (how many fit into one start), spread
-- (true: each booking for another store and day than the one before; false: a day is filled before the next),
-- skip (how many have been made), newcomer (customers are new people).
local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
dofile(here .. 'report.lua')

local settings, heads, count

function init(args)
  settings = dofile(args[1])
  count = settings.skip
  wrk.headers = { ['Content-Type'] = 'application/json', Accept = 'application/json',
    Authorization = 'Bearer ' .. settings.token }
  heads = {}
  for i, store in ipairs(settings.stores) do heads[i] = '{"menu_id":"' .. store.menu .. '","source":"web","start":"' end
end

local function place()
  local stores, days, per_day = #settings.stores, #settings.starts, #settings.starts[1]
  local store, day, start
  if settings.spread then
    store = count % stores
    local rest = math.floor(count / stores)
    day = rest % days
    start = math.floor(rest / days)
  else
    local full = per_day * settings.each
    day = math.floor(count / full)
    start = count % full
    store = day % stores
    day = math.floor(day / stores)
  end
  return store + 1, day % days + 1, start % per_day + 1
end

function request()
  local store, day, start = place()
  local at = settings.stores[store]
  local customer
  if settings.newcomer then
    customer = '"customer":{"name":"N' .. settings.round .. '-' .. count .. '"}'
  else
    customer = '"customer_id":"' .. at.customers[count % #at.customers + 1] .. '"'
  end
  count = count + 1
  local body = heads[store] .. settings.starts[day][start] .. '",' .. customer .. '}'
  return wrk.format('POST', at.path, nil, body)
end
