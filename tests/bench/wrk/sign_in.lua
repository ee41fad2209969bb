-- POST of sign-ins, of one person after the other.
local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
dofile(here .. 'report.lua')

local requests, turn = {}, 0

function init(args)
  local settings = dofile(args[1])
  local headers = { ['Content-Type'] = 'application/json', Accept = 'application/json' }
  for i, email in ipairs(settings.people) do
    local body = '{"email":"' .. email .. '","password":"' .. settings.password .. '"}'
    requests[i] = wrk.format('POST', '/v1/auth/sign-in', headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
