"""Correct everyday sentences of learners in India, of our own making: none may be corrected.

Statements and questions, written and as heard; many look like a mistake that a rule teaches.
"""

ACCEPTED_INDIAN_ENGLISH = """
Please prepone the meeting.
Can we prepone the class to 10 o'clock?
Kindly do the needful.
Please do the needful at the earliest.
My uncle is out of station.
He will be out of station till Friday.
What is your good name?
May I know your good name, sir?
My cousin brother lives in Pune.
My cousin sister is a doctor.
I passed out of college in 2015.
She passed out from Delhi University last year.
He earns ten lakh rupees and saved one crore.
The flat costs fifty lakhs.
Two crore people voted.
Kindly help me, sir.
Kindly send me the file.
I reached only yesterday only.
I am from Pune only.
She told me today only.
Good morning, madam.
Yes sir, I am coming.
Thank you, ma'am.
He is my co-brother.
I am doing my graduation from Delhi University.
I gave my exam yesterday.
We enjoyed a lot.
Today morning I woke up late.
I stay in Bangalore.
My native place is Kerala.
He is my batchmate.
I will revert to you tomorrow.
She is convent educated.
I have a doubt in maths.
Where do you stay?
I am putting up at my uncle's house.
Let me take your leave now.
The shop is on the backside of the temple.
I go to office by auto.
He bunked the class.
We had tiffin in the canteen.
I was tensed before the interview.
My brother is weak in maths.
He is sitting in the verandah.
I bought two dozen bananas and some brinjal.
She wore a lehenga to the function.
I filled the form and took a xerox.
Please off the fan, na.
I and my friend went to the mall.
Please prepone the meeting to Monday.
There's lots of time left.
There's plenty of food.
"""

NAMES_TOLD_BY_A_CAPITAL = """
My friend Will lives in London.
Will lives near the station.
My friend Hope sings well.
Our teacher May gives us homework.
"""

CORRECT = """
Bill and Grace are my neighbours.
I met Rose at the station.
My brother Sunny drives a taxi.
The clothes she buys are expensive.
The clothes my mother buys are expensive.
All the clothes he wears are new.
The people he meets are kind.
There are many wine and food festivals this spring.
I saw many rice and wheat farmers.
They have many music and dance classes.
I have a three year old son.
She has five year old twins.
We moved the meeting to Tuesday.
I got 85 percent in my exam.
My percentage is 85.
I am working from home.
He is coming from Delhi.
I worked there from 2015 to 2019.
I am going to the market.
She goes to school every day.
Yesterday I went to the market.
I have two cars.
I agree with you.
We discussed the exam.
I live in Delhi with my parents.
My father works in a bank.
My mother is a teacher and she teaches maths.
My parents live in a small village near Pune.
I have two brothers and one sister.
My elder brother is an engineer.
He has been working in Bangalore for five years.
I have been learning English since January.
I want to speak English fluently.
Can you help me with my English?
I would like to practise speaking.
What should I do to improve my English?
How can I learn new words?
I wake up at six in the morning.
I take a bath and eat breakfast.
Then I go to work by bus.
I come back home at seven.
At night I watch TV with my family.
On Sunday we go to the temple.
Last Sunday we went to the zoo.
There were many animals there.
I saw a tiger and two elephants.
My son was very happy.
It was raining, so we came home early.
It has been raining since morning.
I love the rain.
The weather is nice today.
It is too hot to play outside.
It is hotter than yesterday.
Delhi is bigger than Jaipur.
Mumbai is the biggest city in Maharashtra.
He is the best player in our team.
She is as tall as her brother.
This phone is cheaper than that one.
I like tea more than coffee.
I prefer tea to coffee.
I don't like spicy food.
She doesn't eat meat.
Do you like Indian food?
Does your sister live with you?
Did you go to school yesterday?
I didn't go to the party.
I could not come because I was ill.
I had a headache yesterday.
I have a fever and a cold.
I need to see a doctor.
The doctor gave me some medicine.
You should take rest.
I am feeling better now.
Thank you for your help.
Let me tell you about my family.
Let us go for a walk.
Let's meet at five.
Please let me know.
He made me laugh.
My teacher made us write an essay.
She asked me to come early.
He told me that he was busy.
They said they would come.
I asked him where he lived.
Can you tell me where the station is?
I don't know what his name is.
Do you know when the train leaves?
I wonder why she didn't come.
What are you doing?
Where do you live?
Why are you late?
When will you come back?
How are you?
How old are you?
How many brothers do you have?
How much money do you need?
Which film do you like the most?
Who is your favourite actor?
Whose book is this?
Is this your bag?
Are these your shoes?
Have you ever been to Goa?
Has she finished her homework?
I have never seen the sea.
I have already eaten.
I have just come back from work.
I have lost my keys.
He has gone to Chennai.
We have known each other for ten years.
I have lived here all my life.
I used to play cricket when I was a child.
I am used to waking up early.
I am looking forward to meeting you.
I enjoy reading books.
I am good at cooking.
She is interested in music.
He is afraid of dogs.
I am tired of working.
I am fond of sweets.
My brother is married to a doctor.
He is angry with me.
I am proud of my country.
It depends on the weather.
I listen to music every day.
I am waiting for the bus.
I reached home late.
I went home early.
Come here, please.
I am 25 years old.
He is a 25 year old engineer.
My name is Rahul and I am from Bihar.
I am Priya.
I am a student.
I study in class 10.
I am in the second year of college.
I want to become a doctor.
My dream is to be a pilot.
My hobby is painting.
Painting is my hobby.
Swimming is good for health.
Reading books makes me happy.
Learning English is not easy.
Cooking takes a lot of time.
My favourite subject is science.
My favourite sport is cricket.
I play cricket with my friends.
I play the guitar.
We won the match.
India won the World Cup in 1983.
Sachin is a great player.
Virat plays very well.
I watch cricket on TV.
The match was exciting.
I was excited to see it.
The movie was boring.
I was bored.
The book is interesting.
I have some good news.
He gave me good advice.
I need some information about the course.
We bought new furniture.
My hair is long.
She has beautiful hair.
There is some milk in the fridge.
There are five people in my family.
There is a park near my house.
There are a lot of shops in the market.
There is a lot of traffic on the road.
Everybody likes him.
Everyone is here.
Nobody knows the answer.
Someone is at the door.
Each student has a book.
Every child needs love.
Both my brothers are tall.
One of my friends lives in Canada.
Most of my friends are working.
Some people are very kind.
Many people speak English.
A few students were absent.
All my friends came.
Neither of them came.
I don't have any money.
I have no money.
I don't know anything about it.
If it rains, we will stay at home.
If I were rich, I would travel.
If I had known, I would have come.
When I reach home, I will call you.
I will wait until you come.
I will come after I finish my work.
Although it was late, we went out.
Because I was tired, I slept early.
I was tired, so I slept.
He is rich but unhappy.
She sings and dances well.
I returned yesterday.
Please repeat the question.
Say it again, please.
Give it back to me.
I am thinking about my future.
I think you are right.
I believe in God.
I know him well.
I understand what you mean.
She wants me to help her.
I want my son to study.
I hope to see you soon.
I hope you are well.
I decided to leave.
We plan to buy a house.
I forgot to bring my book.
Remember to call me.
I stopped to talk to him.
He stopped smoking.
I cannot swim.
She can sing very well.
May I come in?
Could you please speak slowly?
You must wear a helmet.
You don't have to come.
I have to go now.
I had to work on Sunday.
I was about to call you.
I was cooking when he came.
While I was walking, I saw a snake.
The train had left before I reached the station.
The food was cooked by my mother.
English is spoken here.
This house was built in 1990.
I was born in Delhi.
My son was born in March.
I got married last year.
She is having lunch.
We are having a party tonight.
I had a great time.
He made a mistake.
I do my homework in the evening.
Don't make a noise.
It takes two hours to reach there.
It is a two hour journey.
I paid with a five hundred rupee note.
Two hundred people came to the wedding.
Thousands of people were there.
My train is at 6 pm.
I will meet you on Monday.
My exam is in March.
I was at home last night.
See you tomorrow morning.
See you next week.
I met her two days ago.
I go to office by metro.
I go to school on foot.
He goes to the gym daily.
I went to the bank to open an account.
The bank was closed.
My office is near the airport.
I have a meeting at ten.
I work as a software engineer.
I am looking for a job.
I have an interview tomorrow.
I am a little nervous.
I feel nervous when I speak in public.
People laugh at me when I make mistakes.
My English is not good.
I understand English but I can't speak it.
I can read and write English.
I want to talk to you in English.
That's a good idea.
That sounds great.
What a beautiful day!
What a surprise!
Of course you can.
You're welcome.
No problem.
I'm sorry I'm late.
Nice to meet you.
Have a nice day.
Good night and sweet dreams.
Happy birthday to you.
The children are playing in the park.
The dogs are barking.
The cat is sleeping on the sofa.
My phone is not working.
My laptop needs a new battery.
The bus stops near my house.
The shop sells fresh vegetables.
The police are here.
The people here are friendly.
My team is winning.
My glasses are broken.
The news is good.
Ten rupees is enough.
Mathematics is difficult.
Her clothes are new.
Where are the car keys?
What time does the shop open?
What makes you happy?
What happened to your hand?
Who told you that?
How does this machine work?
What you said is true.
What I need is a break.
Where there is a will, there is a way.
The man who lives next door is a lawyer.
The book that I bought is expensive.
The girl I met yesterday is my cousin.
I like the way she talks.
I don't mind waiting.
Would you mind opening the window?
I would rather stay at home.
You had better go now.
It's time to go.
I am sure he will come.
I am afraid I can't come.
I am glad that you came.
He is old enough to vote.
She speaks English very well.
He runs fast.
I hardly know him.
I always get up early.
She is always late.
They have often been seen together.
I have often wondered about it.
i am fine thank you how are you
my name is anita and i work in a hospital
i like to watch movies on weekends
yesterday i met my old friend at the station
we talked for two hours
he is working in dubai now
he said he will visit us next month
i am very happy today because my son got a job
my daughter is in class five and she likes drawing
in the evening i go for a walk with my wife
sometimes we cook together and sometimes we order food
um i think uh we should go now
you know i really like this song
i i want to learn english
so basically i am from lucknow
well actually i don't eat eggs
okay so what do you want to know
no i haven't seen that film yet
yes i have been there twice
what do you think about it
"""


def lines(text: str) -> list[str]:
    """Return the sentences of a list, one a line."""
    return text.strip().splitlines()


def as_heard(sentence: str) -> str:
    """Return a sentence as a transcript has it: lower case, no marks but apostrophes."""
    return sentence.lower().translate(str.maketrans("", "", '.,!?;:"'))
