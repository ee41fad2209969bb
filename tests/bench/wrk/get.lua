-- GET of some paths in turn.
local here = debug.getinfo(1, 'S').source:match('^@(.*/)')
dofile(here .. 'report.lua')

function init(args)
  local settings = dofile(args[1])
  wrk.headers.Accept = 'application/json'
  if settings.token ~= '' then wrk.headers.Authorization = 'Bearer ' .. settings.token end
  if #settings.paths == 1 then
    -- Without a function of ours wrk sends the same bytes again and again, and costs the least.
    wrk.path = settings.paths[1]
    return
  end
  local requests, turn = {}, 0
  for i, path in ipairs(settings.paths) do requests[i] = wrk.format('GET', path) end
  request = function()
    turn = turn % #requests + 1
    return requests[turn]
  end
end
