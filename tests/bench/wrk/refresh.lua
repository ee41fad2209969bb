-- POST of refreshes: each with a token that another answer brought, so that none is shown twice.
local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
dofile(here .. 'report.lua')

local tokens, first, last

function init(args)
  tokens = dofile(args[1]).tokens
  first, last = 1, #tokens
  wrk.headers = { ['Content-Type'] = 'application/json', Accept = 'application/json' }
end

function request()
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format('POST', '/v1/auth/refresh', nil, '{"refresh_token":"' .. token .. '"}')
end

function response(status, headers, body)
  local token = body:match('"refresh_token":"([%w_-]+)"')
  if token then
    last = last + 1
    tokens[last] = token
  end
end
