-- One client (-t1 -c1) that books and calls off in turn, in days that others search.
local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
dofile(here .. 'report.lua')

local settings, count, booked = nil, 0, nil

function init(args)
  settings = dofile(args[1])
  wrk.headers = { ['Content-Type'] = 'application/json', Accept = 'application/json',
    Authorization = 'Bearer ' .. settings.token }
end

function request()
  if booked then
    return wrk.format('POST', settings.path .. '/' .. booked .. '/cancel', nil, '{"reason":"bench"}')
  end
  count = count + 1
  return wrk.format('POST', settings.path, nil, string.format('{"menu_id":"%s","source":"web","start":"%s","customer_id":"%s"}',
    settings.menu, settings.starts[count % #settings.starts + 1], settings.customer))
end

function response(status, headers, body)
  local made = status == 201
  booked = made and body:match('"id":"([%x-]+)"') or nil
end
