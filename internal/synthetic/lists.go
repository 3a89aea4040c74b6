package synthetic

// place is a town with its commune code (INSEE, code officiel géographique), postal code and the coordinates of its centre.
type place struct {
	name, insee, postcode string
	lat, lon              float64
}

type concept struct{ code, name string }

var (
	families = []string{"Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent", "Simon", "Michel",
		"Lefèvre", "Leroy", "Roux", "David", "Bertrand", "Morel", "Fournier", "Girard", "Bonnet", "Dupont", "Lambert", "Fontaine", "Rousseau",
		"Léger", "Müller", "Faure", "André", "Mercier", "Blanc", "Guérin", "Boyer", "Garnier", "Chevalier", "François", "Legrand", "Gauthier",
		"Garcia", "Perrin", "Robin", "Clément", "Morin", "Nicolas", "Henry", "Roussel", "Mathieu", "Gautier", "Masson", "Le Goff", "D'Amico", "Nguyễn",
		"Benali", "Diallo", "Ferreira", "Schmitt", "Le Gall", "Casanova", "Hoarau", "Payet", "Traoré", "Nuñez", "Kowalski", "O'Brien", "De La Tour",
		"Lecœur", "Brûlé", "Carrère", "Etcheverry", "Yıldız"}
	girls = []string{"Marie", "Jeanne", "Françoise", "Monique", "Catherine", "Nathalie", "Isabelle", "Jacqueline", "Anne", "Sylvie", "Martine", "Zoé",
		"Hélène", "Chloé", "Léa", "Inès", "Camille", "Anaïs", "Maëlys", "Élodie", "Anne-Sophie", "Marie-Thérèse", "Aïcha", "Louise", "Fatou", "Jade",
		"Manon", "Ghislaine", "Yvonne", "Maïwenn"}
	boys = []string{"Jean", "Pierre", "Michel", "André", "Philippe", "René", "Louis", "Alain", "Jacques", "Bernard", "Marcel", "Daniel", "Noël",
		"Loïc", "Jérôme", "Hugo", "Théo", "Raphaël", "Gaël", "Jean-Baptiste", "Jean-François", "Mehdi", "Maël", "Étienne", "Camille", "Mamadou", "Sacha",
		"Clément", "Yann", "Zéphyr"}
	streets = []string{"de la République", "Victor Hugo", "des Écoles", "du Général Leclerc", "Pasteur", "de l'Église", "Jean Jaurès", "des Lilas",
		"de la Gare", "du Moulin", "Gambetta", "Émile Zola"}
	towns = []place{{"Paris", "75114", "75014", 48.8331, 2.3264}, {"Lyon", "69383", "69003", 45.7597, 4.8494}, {"Marseille", "13205", "13005", 43.2927, 5.3976},
		{"Toulouse", "31555", "31000", 43.6045, 1.4442}, {"Nantes", "44109", "44000", 47.2186, -1.5541}, {"Strasbourg", "67482", "67000", 48.5734, 7.7521},
		{"Lille", "59350", "59000", 50.6292, 3.0573}, {"Rennes", "35238", "35000", 48.1113, -1.68}, {"Ajaccio", "2A004", "20000", 41.9267, 8.7369},
		{"Bastia", "2B033", "20200", 42.6973, 9.4509}, {"Besançon", "25056", "25000", 47.2378, 6.0241}, {"Orléans", "45234", "45000", 47.9029, 1.9039},
		{"Saint-Étienne", "42218", "42000", 45.4397, 4.3872}, {"Angoulême", "16015", "16000", 45.6484, 0.1562}, {"Bordeaux", "33063", "33000", 44.8378, -0.5792},
		{"Montpellier", "34172", "34000", 43.6119, 3.8772}, {"Nice", "06088", "06000", 43.7102, 7.262}, {"Reims", "51454", "51100", 49.2583, 4.0317},
		{"Le Havre", "76351", "76600", 49.4944, 0.1079}, {"Grenoble", "38185", "38000", 45.1885, 5.7245}, {"Dijon", "21231", "21000", 47.322, 5.0415},
		{"Angers", "49007", "49000", 47.4784, -0.5632}, {"Nîmes", "30189", "30000", 43.8367, 4.3601}, {"Clermont-Ferrand", "63113", "63000", 45.7772, 3.087},
		{"Le Mans", "72181", "72000", 48.0061, 0.1996}, {"Brest", "29019", "29200", 48.3904, -4.4861}, {"Tours", "37261", "37000", 47.3941, 0.6848},
		{"Amiens", "80021", "80000", 49.8941, 2.2958}, {"Limoges", "87085", "87000", 45.8336, 1.2611}, {"Annecy", "74010", "74000", 45.8992, 6.1294},
		{"Perpignan", "66136", "66000", 42.6887, 2.8948}, {"Metz", "57463", "57000", 49.1193, 6.1757}, {"Caen", "14118", "14000", 49.1829, -0.3707},
		{"Nancy", "54395", "54000", 48.6921, 6.1844}, {"Poitiers", "86194", "86000", 46.5802, 0.3404}, {"Pau", "64445", "64000", 43.2951, -0.3708},
		{"Saint-Denis", "97411", "97400", -20.8789, 55.4481}, {"Les Abymes", "97101", "97139", 16.2709, -61.5028}, {"Fort-de-France", "97209", "97200", 14.6161, -61.0588},
		{"Cayenne", "97302", "97300", 4.9372, -52.326}}
	// abroad are countries of birth: 99 and INSEE's number of the country.
	abroad = []place{{"ALGÉRIE", "99352", "", 0, 0}, {"MAROC", "99350", "", 0, 0}, {"PORTUGAL", "99139", "", 0, 0}, {"ITALIE", "99127", "", 0, 0}}

	conditions = []concept{{"I10", "Hypertension essentielle"}, {"E11.9", "Diabète de type 2"}, {"J45.9", "Asthme"}, {"M54.5", "Lombalgie basse"},
		{"F32.9", "Épisode dépressif"}, {"E78.0", "Hypercholestérolémie"}, {"G43.9", "Migraine"}}
	substances = []concept{{"J01CA04", "Amoxicilline"}, {"N02BA01", "Acide acétylsalicylique"}, {"M01AE01", "Ibuprofène"}}
	vaccines   = []concept{{"J07BB02", "Vaccin grippal"}, {"J07BD52", "Vaccin ROR"}, {"J07AM51", "Vaccin diphtérie-tétanos"}}
)
