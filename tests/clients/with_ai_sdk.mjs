import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'

const tertulia = createOpenAICompatible({ name: 'tertulia', baseURL: process.env.URL, includeUsage: true })
const plain = await generateText({ model: tertulia('tertulia'), prompt: process.env.QUESTION })
console.log('ANSWER', plain.text)
console.log('REASONING', plain.reasoningText)
console.log('USAGE', plain.usage.totalTokens)
const streamed = streamText({ model: tertulia('tertulia'), prompt: process.env.QUESTION })
let text = ''
for await (const piece of streamed.textStream) text += piece
console.log('ANSWER', text)
console.log('REASONING', await streamed.reasoningText)
