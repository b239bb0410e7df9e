// A token endpoint in a process of its own: each refresh token is granted once, after argv[2] ms,
// for tokens that last argv[3] seconds.
// GET /count tells how many grants there were and how many were refused.
import { createServer } from 'node:http'

const delayMs = Number(process.argv[2] ?? 0)
const lifetimeSeconds = Number(process.argv[3])
const live = new Set()
const count = { granted: 0, refused: 0 }

function grant() {
  const refreshToken = `R${String(count.granted).padStart(200, '0')}`
  live.add(refreshToken)
  return JSON.stringify({ access_token: 'A'.repeat(1500), refresh_token: refreshToken, expires_in: lifetimeSeconds })
}

const server = createServer((request, response) => {
  if (request.url === '/count') return void response.end(JSON.stringify(count))
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    const { grant_type: type, refresh_token: sent } = JSON.parse(body)
    const isGood = type !== 'refresh_token' || live.delete(sent)
    count[isGood ? 'granted' : 'refused'] += 1
    setTimeout(() => {
      response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' })
      response.end(isGood ? grant() : '{"error":"invalid_grant"}')
    }, delayMs)
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.on('disconnect', () => process.exit())
setTimeout(() => process.exit(), 600_000).unref()
