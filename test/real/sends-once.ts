import { AuthError } from '../../src/model/errors.ts'
import { createHttp } from '../../src/system/http.ts'

// One request as the program makes it, in an environment and with certificates of its own.
const [, , url = '', totalMs] = process.argv
const limits = { totalMs: Number(totalMs), bodyBytes: 1024 * 1024 }
void createHttp(() => undefined, process.env, limits)
  .send({ purpose: 'token', method: 'POST', url, headers: {}, body: 'a=b' }, new AbortController().signal)
  .catch((error: unknown) => {
    if (!(error instanceof AuthError)) throw error
    const { code, message, hint, notSent } = error
    return { code, message, hint, notSent }
  })
  .then((outcome) => console.log(JSON.stringify(outcome)))
