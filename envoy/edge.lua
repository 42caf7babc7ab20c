-- Runs before the transcoder on requests and after it on responses.
--
-- A call is gRPC only if it is a POST to one of our own packages; everything else is REST, whatever it claims to be.
-- REST requests: the target and the method travel in x-rest-target and x-rest-method, always overwritten here. The query is
-- hidden from the transcoder, which would bind it to message fields and let "?id=2" override the id in the path. Headers that
-- steer gRPC itself are taken away. x-rest-log is the target with credentials masked, for the access log; x-rest-unreadable
-- names a header that does not survive the way to the server though it must not be ignored.
-- x-rest-origin is how the caller reached us (scheme and host), for absolute links.
-- REST responses: x-http-code becomes the status line; gRPC's own headers stay inside.

local ALLOCATIONS_PREFIX = "${ALLOCATIONS_PREFIX}" -- the operator's setting, written here when the file is generated

local OURS = { "x-rest-target", "x-rest-method", "x-rest-log", "x-rest-unreadable", "x-rest-origin", "x-http-code" }
local GRPC_ONLY = { "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "te" }
local INSIDE = { "grpc-status", "grpc-message", "grpc-encoding", "grpc-accept-encoding", "x-envoy-upstream-service-time" }

local function starts(text, prefix) return text:sub(1, #prefix) == prefix end

local function is_grpc(headers)
  local path = headers:get(":path")
  return headers:get(":method") == "POST" and (starts(path, "/apportion.") or starts(path, "/grpc."))
end

local function masked(target)
  local text = target:gsub("([?&][xX]%-[aA][uU][tT][hH]%-[tT][oO][kK][eE][nN]=)[^&]*", "%1***")
  return (text:gsub("^(/identity/v2%.0/tokens/)[^/?]+", "%1***"))
end

-- The path that the transcoder looks up. The routes of the Placement API are bound at the root, its root document at
-- /placement; the server itself decides what the target means, so nothing is lost when another API's route is found here.
local function lookup(path, headers)
  if path == ALLOCATIONS_PREFIX or path == ALLOCATIONS_PREFIX .. "/" then return "/placement" end
  if starts(path, ALLOCATIONS_PREFIX .. "/") then return path:sub(#ALLOCATIONS_PREFIX + 1) end
  if path == "/" then
    local version = headers:get("openstack-api-version")
    if version ~= nil and version:lower():find("placement", 1, true) then return "/placement" end
  end
  return path
end

function envoy_on_request(handle)
  local headers = handle:headers()
  for _, name in ipairs(OURS) do headers:remove(name) end
  if is_grpc(headers) then return end
  for _, name in ipairs(GRPC_ONLY) do headers:remove(name) end
  local kind = headers:get("content-type")
  if kind ~= nil and starts(kind:lower(), "application/grpc") then headers:replace("content-type", "application/octet-stream") end
  local target = headers:get(":path")
  headers:replace("x-rest-target", target)
  headers:replace("x-rest-method", headers:get(":method"))
  headers:replace("x-rest-log", masked(target))
  headers:replace("x-rest-origin", (headers:get("x-forwarded-proto") or "http") .. "://" .. (headers:get(":authority") or ""))
  local mark = target:find("?", 1, true)
  headers:replace(":path", lookup(mark and target:sub(1, mark - 1) or target, headers))
  -- gRPC drops what is not printable ASCII; without this key a call would be done again when it is repeated.
  local key = headers:get("idempotency-key")
  if key ~= nil and key:find("[^ -~]") then headers:replace("x-rest-unreadable", "idempotency-key") end
  handle:streamInfo():dynamicMetadata():set("apportion", "rest", "1")
end

function envoy_on_response(handle)
  local rest = handle:streamInfo():dynamicMetadata():get("apportion")
  if rest == nil then return end
  local headers = handle:headers()
  local status = headers:get("x-http-code")
  if status ~= nil then
    headers:replace(":status", status)
    headers:remove("x-http-code")
    -- An answer without a body may have no type: the transcoder writes an empty one.
    if status == "204" or headers:get("content-type") == "" then headers:remove("content-type") end
    if status == "204" then headers:remove("content-length") end
  end
  for _, name in ipairs(INSIDE) do headers:remove(name) end
end
