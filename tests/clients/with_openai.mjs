import OpenAI from 'openai'

const client = new OpenAI({ baseURL: process.env.URL, apiKey: 'none' })
const messages = [{ role: 'user', content: process.env.QUESTION }]
const plain = await client.chat.completions.create({ model: 'tertulia', messages })
console.log('ANSWER', plain.choices[0].message.content)
console.log('REASONING', plain.choices[0].message.reasoning_content)
console.log('USAGE', plain.usage.total_tokens)
const runner = client.chat.completions.stream({ model: 'tertulia', messages })
console.log('ANSWER', await runner.finalContent())
const response = await client.responses.create({ model: 'tertulia', input: process.env.QUESTION })
console.log('ANSWER', response.output_text)
const stream = client.responses.stream({ model: 'tertulia', input: process.env.QUESTION })
const final = await stream.finalResponse()
console.log('ANSWER', final.output_text)
console.log('REASONING', final.output[0].summary.map((part) => part.text).join('\n'))
try {
  await client.chat.completions.create({ model: 'none', messages })
} catch (error) {
  console.log('ERROR', error.status, error.code, error.param)
}
