package seed

// place is a town where customers live.
type place struct{ city, region, postal string }

// land is where and who a customer may be: names, towns, streets and networks that belong together.
type land struct {
	country string // ISO 3166-1 alpha-2
	locale  string
	zone    int // hours from UTC, without summer time: the rhythm of a day need not be exact
	weight  float64
	given   []string
	family  []string
	familyF []string // the feminine form of the same names, where a language has one; given alternates then
	street  string   // %d and the name of the street
	streets []string
	places  []place
	home    string // the network of a household
	mobile  string
}

func lands() []land {
	return []land{
		{country: "DE", locale: "de-DE", zone: 1, weight: 15, street: "%[2]s %[1]d",
			given:   []string{"Anna", "Jonas", "Lena", "Lukas", "Mia", "Paul", "Katharina", "Stefan", "Birgit", "Jürgen", "Ayşe", "Sebastian"},
			family:  []string{"Müller", "Schröder", "Vogel", "Neumann", "Krüger", "Weiß", "Lange", "Yılmaz", "Hoffmann", "Böhm", "Sommer"},
			streets: []string{"Lindenstraße", "Goethestraße", "Am Mühlbach", "Gartenweg", "Bahnhofstraße"},
			places:  []place{{"Freiburg", "Baden-Württemberg", "79098"}, {"Leipzig", "Sachsen", "04109"}, {"Hamburg", "Hamburg", "20095"}, {"Kassel", "Hessen", "34117"}},
			home:    "Talnetz DSL", mobile: "Funkring Mobil"},
		{country: "FR", locale: "fr-FR", zone: 1, weight: 10, street: "%d %s",
			given:   []string{"Camille", "Hugo", "Chloé", "Louis", "Inès", "Théo", "Amélie", "Jean-Luc", "Fatou", "Nicolas"},
			family:  []string{"Lefèvre", "Moreau", "Girard", "Diallo", "Roux", "Fontaine", "Mercier", "Blanchard"},
			streets: []string{"rue des Lilas", "avenue Jean Jaurès", "place du Marché", "rue de la Fontaine"},
			places:  []place{{"Lyon", "Auvergne-Rhône-Alpes", "69003"}, {"Nantes", "Pays de la Loire", "44000"}, {"Lille", "Hauts-de-France", "59000"}},
			home:    "Rivage Fibre", mobile: "Mobilune"},
		{country: "GB", locale: "en-GB", zone: 0, weight: 14, street: "%d %s",
			given:   []string{"Olivia", "Harry", "Amelia", "George", "Isla", "Callum", "Priya", "Owen", "Siân", "Mohammed", "Grace"},
			family:  []string{"Whitfield", "Hughes", "Patel", "Ashworth", "Campbell", "Okafor", "Bennett", "Llewellyn", "Khan", "Fletcher"},
			streets: []string{"Mill Lane", "Station Road", "Victoria Terrace", "Orchard Close"},
			places:  []place{{"Bristol", "England", "BS1 4DJ"}, {"Leeds", "England", "LS1 5AD"}, {"Cardiff", "Wales", "CF10 1EP"}, {"Glasgow", "Scotland", "G2 1DY"}},
			home:    "Copperline Broadband", mobile: "Skylark Mobile"},
		{country: "IE", locale: "en-IE", zone: 0, weight: 9, street: "%d %s",
			given:   []string{"Aoife", "Cian", "Niamh", "Oisín", "Saoirse", "Declan", "Ciara", "Eoin"},
			family:  []string{"O'Brien", "Murphy", "Ní Dhomhnaill", "Byrne", "Kavanagh", "Walsh", "Doyle"},
			streets: []string{"Harbour View", "Main Street", "Chapel Road", "The Crescent"},
			places:  []place{{"Cork", "Munster", "T12 X8N6"}, {"Galway", "Connacht", "H91 E9W8"}, {"Dublin", "Leinster", "D02 X285"}},
			home:    "Emerald Fibre", mobile: "Shannon Mobile"},
		{country: "ES", locale: "es-ES", zone: 1, weight: 9, street: "%[2]s %[1]d",
			given:   []string{"Lucía", "Álvaro", "Carmen", "Pablo", "Nerea", "Iñaki", "Marta", "Joan"},
			family:  []string{"García Núñez", "Fernández", "Etxeberria", "Romero Ruiz", "Castaño", "Vidal i Puig", "Ortega"},
			streets: []string{"Calle Mayor", "Avenida del Puerto", "Carrer de la Pau"},
			places:  []place{{"Valencia", "Comunitat Valenciana", "46002"}, {"Bilbao", "Euskadi", "48005"}, {"Sevilla", "Andalucía", "41004"}},
			home:    "Meseta Fibra", mobile: "Azul Móvil"},
		{country: "PL", locale: "pl-PL", zone: 1, weight: 8, street: "%[2]s %[1]d",
			given:   []string{"Zofia", "Jakub", "Agnieszka", "Paweł", "Małgorzata", "Michał", "Łucja", "Krzysztof"},
			family:  []string{"Kowalski", "Wiśniewski", "Zieliński", "Dąbrowski", "Nowicki"},
			familyF: []string{"Kowalska", "Wiśniewska", "Zielińska", "Dąbrowska", "Nowicka"},
			streets: []string{"ul. Lipowa", "ul. Ogrodowa", "ul. Słoneczna"},
			places:  []place{{"Wrocław", "Dolnośląskie", "50-001"}, {"Gdańsk", "Pomorskie", "80-001"}, {"Łódź", "Łódzkie", "90-001"}},
			home:    "Wisła Net", mobile: "Bursztyn Mobile"},
		{country: "SE", locale: "sv-SE", zone: 1, weight: 6, street: "%[2]s %[1]d",
			given:   []string{"Astrid", "Elias", "Freja", "Björn", "Linnéa", "Mats", "Åsa", "Olle"},
			family:  []string{"Lindqvist", "Bergström", "Åkesson", "Holm", "Sjöberg", "Nyström"},
			streets: []string{"Björkvägen", "Storgatan", "Ängsgatan"},
			places:  []place{{"Göteborg", "Västra Götaland", "411 03"}, {"Uppsala", "Uppsala", "753 10"}, {"Malmö", "Skåne", "211 22"}},
			home:    "Norrsken Bredband", mobile: "Fjäll Mobil"},
		{country: "IT", locale: "it-IT", zone: 1, weight: 6, street: "%[2]s %[1]d",
			given:   []string{"Giulia", "Matteo", "Chiara", "Lorenzo", "Francesca", "Niccolò"},
			family:  []string{"Rinaldi", "Conti", "D'Angelo", "Esposito", "Lombardi", "Greco"},
			streets: []string{"Via Garibaldi", "Corso Italia", "Via dei Mille"},
			places:  []place{{"Bologna", "Emilia-Romagna", "40121"}, {"Torino", "Piemonte", "10121"}},
			home:    "Appennino Fibra", mobile: "Onda Mobile"},
		{country: "TR", locale: "tr-TR", zone: 3, weight: 4, street: "%[2]s No: %[1]d",
			given:   []string{"Elif", "Mehmet", "Zeynep", "Emre", "Gülşah", "Burak"},
			family:  []string{"Demir", "Çelik", "Şahin", "Aydın", "Öztürk"},
			streets: []string{"Gül Sokak", "Atatürk Caddesi"},
			places:  []place{{"İzmir", "İzmir", "35210"}, {"Ankara", "Ankara", "06420"}},
			home:    "Ege Fiber", mobile: "Martı Mobil"},
		{country: "EG", locale: "ar-EG", zone: 2, weight: 4, street: "%d %s",
			given:   []string{"ليلى", "عمر", "سارة", "يوسف", "مريم", "خالد"},
			family:  []string{"حسن", "إبراهيم", "عبد الله", "منصور", "السيد"},
			streets: []string{"شارع النيل", "شارع الحرية"},
			places:  []place{{"القاهرة", "القاهرة", "11511"}, {"الإسكندرية", "الإسكندرية", "21500"}},
			home:    "Delta Net", mobile: "Nour Mobile"},
		{country: "NG", locale: "en-NG", zone: 1, weight: 4, street: "%d %s",
			given:   []string{"Chidinma", "Tunde", "Amaka", "Ibrahim", "Folake", "Emeka"},
			family:  []string{"Adeyemi", "Okonkwo", "Bello", "Eze", "Balogun"},
			streets: []string{"Marina Road", "Awolowo Way"},
			places:  []place{{"Lagos", "Lagos", "100001"}, {"Abuja", "FCT", "900001"}},
			home:    "Palmline", mobile: "Harmattan Mobile"},
		{country: "IN", locale: "hi-IN", zone: 5, weight: 5, street: "%d %s",
			given:   []string{"Ananya", "Rohan", "Meera", "Arjun", "Divya", "Sanjay"},
			family:  []string{"Iyer", "Sharma", "Banerjee", "Reddy", "Kulkarni"},
			streets: []string{"MG Road", "Lake View Street"},
			places:  []place{{"Pune", "Maharashtra", "411001"}, {"Bengaluru", "Karnataka", "560001"}},
			home:    "Deccan Fibre", mobile: "Monsoon Mobile"},
		{country: "JP", locale: "ja-JP", zone: 9, weight: 4, street: "%[2]s %[1]d",
			given:   []string{"陽菜", "翔太", "美咲", "健一", "さくら"},
			family:  []string{"佐藤", "鈴木", "高橋", "渡辺", "伊藤"},
			streets: []string{"桜通り", "中央"},
			places:  []place{{"京都市", "京都府", "600-8001"}, {"札幌市", "北海道", "060-0001"}},
			home:    "Sakura Hikari", mobile: "Kaze Mobile"},
		{country: "BR", locale: "pt-BR", zone: -3, weight: 5, street: "%[2]s, %[1]d",
			given:   []string{"Ana Clara", "João Pedro", "Beatriz", "Thiago", "Luísa", "Márcio"},
			family:  []string{"Souza", "Oliveira", "Araújo", "Conceição", "Nascimento"},
			streets: []string{"Rua das Flores", "Avenida Brasil"},
			places:  []place{{"Recife", "Pernambuco", "50010-000"}, {"Curitiba", "Paraná", "80010-000"}},
			home:    "Ipê Fibra", mobile: "Tucano Móvel"},
		{country: "US", locale: "en-US", zone: -5, weight: 6, street: "%d %s",
			given:   []string{"Maya", "Ethan", "Sofia", "Jamal", "Hannah", "Diego", "Mei"},
			family:  []string{"Carter", "Nguyen", "Ramirez", "Goldberg", "Thompson", "Chen"},
			streets: []string{"Maple Avenue", "2nd Street", "Prairie Drive"},
			places:  []place{{"Portland", "Maine", "04101"}, {"Pittsburgh", "Pennsylvania", "15222"}},
			home:    "Bluestem Cable", mobile: "Redwood Wireless"},
	}
}
